package org.fluxion.tests.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/** A file of golden values: its tensors, and what its metadata says of how they were made. */
record GoldenFile(Path path, Parameters tensors, Map<String, JsonNode> metadata) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static GoldenFile read(Path path) {
    try (Safetensors file = Safetensors.open(path)) {
      Map<String, JsonNode> metadata = new java.util.LinkedHashMap<>();
      for (Map.Entry<String, String> entry : file.metadata().entrySet()) {
        metadata.put(entry.getKey(), parse(entry.getValue()));
      }
      return new GoldenFile(path, file.parameters().map(Tensor::detach), metadata);
    } catch (IOException exception) {
      throw new UncheckedIOException(exception);
    }
  }

  private static JsonNode parse(String value) throws IOException {
    return value.startsWith("{") ? JSON.readTree(value) : JSON.getNodeFactory().textNode(value);
  }

  /** The part of the name before the first dot, which files of one model share. */
  String family() {
    String name = path.getFileName().toString();
    return name.substring(0, Math.max(0, name.indexOf('.')));
  }

  boolean isWeights() {
    return tensors.contains("x_embedder.proj.weight");
  }

  boolean isForward() {
    return tensors.contains("out.u");
  }

  boolean isLoss() {
    return metadata.containsKey("loss_args");
  }

  boolean isOptimizer() {
    return metadata.containsKey("optimizer");
  }

  boolean isSamplers() {
    return tensors.contains("in.noise");
  }

  Tensor get(String name, DType dtype) {
    return tensors.get(name).cast(dtype);
  }

  DiffusionTransformer transformer() {
    JsonNode config = metadata.get("config");
    int depth = config.get("depth").asInt();
    return new DiffusionTransformer(
        config.get("input_size").asInt(),
        config.get("patch_size").asInt(),
        config.get("in_channels").asInt(),
        config.get("hidden_size").asInt(),
        depth,
        config.get("num_heads").asInt(),
        config.get("num_classes").asInt(),
        depth - config.get("dmf_depth").asInt(),
        config.path("qk_norm").asBoolean(config.path("qk-norm").asBoolean(false)),
        (int) config.path("mlp_ratio").asDouble(4));
  }

  /** The path that any part of the metadata names; linear if none does. */
  org.fluxion.meanflow.path.Path pathOfNoise() {
    List<String> found = new ArrayList<>();
    metadata.forEach(
        (key, value) -> {
          if (value.isTextual() && key.contains("path")) {
            found.add(value.asText());
          }
          value
              .properties()
              .forEach(
                  entry -> {
                    if (entry.getKey().contains("path")) {
                      found.add(entry.getValue().asText());
                    }
                  });
        });
    return found.contains("cosine")
        ? org.fluxion.meanflow.path.Path.COSINE
        : org.fluxion.meanflow.path.Path.LINEAR;
  }

  @Override
  public String toString() {
    return path.getFileName().toString();
  }
}
