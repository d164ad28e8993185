package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Several programs' texts as one, so that a driver that takes as long for what every program begins
 * with (PoCL: a tenth of a second for the declarations of OpenCL C) takes it once. What a text
 * declares gets the text's number, since kernels and their functions have the same names in many.
 *
 * @param source the text of all
 * @param suffixes what each text's kernels are called beyond their names, in the order of the texts
 */
record Bundle(String source, List<String> suffixes) {
  /** The most texts in one: a driver may look at all of it for each kernel. */
  static final int MOST = 8;

  /** Functions, kernels among them, and types: a type and a name begin the line of a function. */
  private static final Pattern DECLARED =
      Pattern.compile(
          "^(?:typedef [^\\n]*} (\\w+);$|(?:static |inline )?\\w+ (\\w+)\\()", Pattern.MULTILINE);

  Bundle {
    suffixes = List.copyOf(suffixes);
  }

  /** Joins some texts. */
  static Bundle of(List<String> sources) {
    StringBuilder text = new StringBuilder();
    List<String> suffixes = new ArrayList<>();
    for (String source : sources) {
      String suffix = "_of_" + suffixes.size();
      suffixes.add(suffix);
      text.append(renamed(source, suffix));
    }
    return new Bundle(text.toString(), suffixes);
  }

  private static String renamed(String source, String suffix) {
    Set<String> names = new LinkedHashSet<>();
    Matcher declared = DECLARED.matcher(source);
    while (declared.find()) {
      names.add(declared.group(1) == null ? declared.group(2) : declared.group(1));
    }
    names.remove("__attribute__");
    if (names.isEmpty()) {
      return source;
    }
    return Pattern.compile("\\b(" + String.join("|", names) + ")\\b")
        .matcher(source)
        .replaceAll("$1" + suffix);
  }
}
