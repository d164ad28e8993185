package org.fluxion.meanflow.train;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One object of a JSON configuration, read strictly: a key that nobody knows and a value of another
 * type are errors that name the key with its path and say what is allowed.
 */
final class ConfigurationSection {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String path;
  private final JsonNode object;

  private ConfigurationSection(String path, JsonNode object, List<String> allowed) {
    this.path = path;
    this.object = object;
    object
        .fieldNames()
        .forEachRemaining(
            key -> {
              if (!allowed.contains(key)) {
                throw new IllegalArgumentException(
                    "%s: unknown key; allowed here: %s"
                        .formatted(at(key), String.join(", ", allowed)));
              }
            });
  }

  /**
   * The outermost object of a text.
   *
   * @param json the text
   * @param allowed the keys it may have
   * @return the section
   * @throws IllegalArgumentException if the text is no JSON object, or has another key
   */
  static ConfigurationSection parse(String json, List<String> allowed) {
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (JsonProcessingException broken) {
      String place =
          broken.getLocation() == null
              ? ""
              : "line %d, column %d: "
                  .formatted(broken.getLocation().getLineNr(), broken.getLocation().getColumnNr());
      throw new IllegalArgumentException(
          place + "not JSON: " + broken.getOriginalMessage(), broken);
    }
    if (!root.isObject()) {
      throw new IllegalArgumentException("expected a JSON object {…}, got " + describe(root));
    }
    return new ConfigurationSection("", root, allowed);
  }

  /** The path of a key, as errors name it. */
  String at(String key) {
    return path + key;
  }

  /** An object inside; where it is not there, an empty one. */
  ConfigurationSection section(String key, List<String> allowed) {
    JsonNode node = object.path(key);
    if (node.isMissingNode()) {
      node = JsonNodeFactory.instance.objectNode();
    }
    if (!node.isObject()) {
      throw wrongType(key, "an object {…} with " + String.join(", ", allowed), node);
    }
    return new ConfigurationSection(at(key) + ".", node, allowed);
  }

  /**
   * An object inside whose keys depend on one of them.
   *
   * @param key the object's key
   * @param selector the key of the text that decides
   * @param choices the texts allowed, and the keys with each of them
   */
  ConfigurationSection section(
      String key, String selector, java.util.Map<String, List<String>> choices) {
    JsonNode node = object.path(key);
    if (node.isObject() && node.has(selector)) {
      JsonNode chosen = node.get(selector);
      List<String> allowed = chosen.isTextual() ? choices.get(chosen.textValue()) : null;
      if (allowed == null) {
        throw wrongType(key + "." + selector, oneOf(List.copyOf(choices.keySet())), chosen);
      }
      return section(key, allowed);
    }
    if (node.isMissingNode() || node.isObject()) {
      throw missing(key + "." + selector, oneOf(List.copyOf(choices.keySet())));
    }
    throw wrongType(key, "an object {…} with " + selector, node);
  }

  int integer(String key) {
    return integer(key, required(key, "a whole number"));
  }

  int integer(String key, int otherwise) {
    return has(key) ? integer(key, object.get(key)) : otherwise;
  }

  private int integer(String key, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw wrongType(key, "a whole number up to " + Integer.MAX_VALUE, node);
    }
    return node.intValue();
  }

  long whole(String key, long otherwise) {
    if (!has(key)) {
      return otherwise;
    }
    JsonNode node = object.get(key);
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw wrongType(key, "a whole number of at most 64 bits", node);
    }
    return node.longValue();
  }

  double number(String key, double otherwise) {
    if (!has(key)) {
      return otherwise;
    }
    JsonNode node = object.get(key);
    if (!node.isNumber()) {
      throw wrongType(key, "a number", node);
    }
    return node.doubleValue();
  }

  boolean flag(String key, boolean otherwise) {
    if (!has(key)) {
      return otherwise;
    }
    JsonNode node = object.get(key);
    if (!node.isBoolean()) {
      throw wrongType(key, "true or false", node);
    }
    return node.booleanValue();
  }

  /** A text that may be null or not there. */
  Optional<String> text(String key) {
    JsonNode node = object.path(key);
    if (node.isMissingNode() || node.isNull()) {
      return Optional.empty();
    }
    if (!node.isTextual() || node.textValue().isBlank()) {
      throw wrongType(key, "a text or null", node);
    }
    return Optional.of(node.textValue());
  }

  /** One of the constants of an enum, written in lower case with hyphens. */
  <E extends Enum<E>> E choice(String key, E otherwise) {
    if (!has(key)) {
      return otherwise;
    }
    List<E> constants = Arrays.asList(otherwise.getDeclaringClass().getEnumConstants());
    JsonNode node = object.get(key);
    return constants.stream()
        .filter(constant -> node.isTextual() && written(constant).equals(node.textValue()))
        .findFirst()
        .orElseThrow(
            () -> wrongType(key, oneOf(constants.stream().map(c -> written(c)).toList()), node));
  }

  /** How a constant stands in a file. */
  static String written(Enum<?> constant) {
    return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  private boolean has(String key) {
    return object.has(key);
  }

  private JsonNode required(String key, String expected) {
    if (!has(key)) {
      throw missing(key, expected);
    }
    return object.get(key);
  }

  private IllegalArgumentException missing(String key, String expected) {
    return new IllegalArgumentException("%s: missing; expected %s".formatted(at(key), expected));
  }

  private IllegalArgumentException wrongType(String key, String expected, JsonNode got) {
    return new IllegalArgumentException(
        "%s: expected %s, got %s".formatted(at(key), expected, describe(got)));
  }

  private static String oneOf(List<String> texts) {
    return "one of \"" + String.join("\", \"", texts) + "\"";
  }

  private static String describe(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> "a list";
      case OBJECT -> "an object";
      case STRING -> "the text " + node;
      case NULL -> "null";
      case MISSING -> "nothing";
      case BOOLEAN, NUMBER, BINARY, POJO -> node.toString();
    };
  }
}
