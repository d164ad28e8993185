package org.fluxion.nn.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What a file looks like that is given for a safetensors file and is none. */
enum ForeignFile {
  ZIP(
      "PK\3\4",
      "a zip archive, as PyTorch's .pt and .pth and NumPy's .npz files are; in Python,"
          + " safetensors.torch.save_file(torch.load(...), ...) converts a state dict"),
  PICKLE(
      "\u0080",
      "a Python pickle, as old PyTorch checkpoints are; in Python,"
          + " safetensors.torch.save_file(torch.load(...), ...) converts a state dict"),
  NPY(
      "\u0093NUMPY",
      "a NumPy array; in Python, safetensors.numpy.save_file({name: array}, ...) converts it"),
  HDF5(
      "\u0089HDF",
      "an HDF5 file, as Keras writes; in Python, safetensors.numpy.save_file converts its arrays"),
  GGUF("GGUF", "a GGUF file; take the model's safetensors files instead"),
  GZIP("\u001f\u008b", "a gzip file; unpack it first"),
  PNG("\u0089PNG", "a PNG image"),
  LFS(
      "version https://git-lfs",
      "a pointer of Git LFS in the place of the file; 'git lfs pull' fetches the file itself"),
  MARKUP("<", "an HTML or XML page, as a download that failed leaves; download the file anew"),
  JSON(
      "{",
      "JSON text, as a configuration or the index beside a model is; give the .safetensors file"
          + " itself"),
  TEXT("", "text; give the .safetensors file itself");

  private static final int LOOKED_AT = 64;

  private final String beginning;
  private final String description;

  ForeignFile(String beginning, String description) {
    this.beginning = beginning;
    this.description = description;
  }

  /**
   * What a file seems to be, by its first bytes.
   *
   * @param bytes the file
   * @return a few words with what to do, or empty if it looks like nothing that is known
   */
  static Optional<String> look(MemorySegment bytes) {
    byte[] first =
        bytes.asSlice(0, Math.min(bytes.byteSize(), LOOKED_AT)).toArray(ValueLayout.JAVA_BYTE);
    String text = new String(first, StandardCharsets.ISO_8859_1);
    for (ForeignFile kind : values()) {
      if (kind == TEXT ? isText(text) : text.startsWith(kind.beginning)) {
        return Optional.of("this looks like " + kind.description);
      }
    }
    return Optional.empty();
  }

  /** Letters of any encoding, without the control characters that binary files are full of. */
  private static boolean isText(String text) {
    return !text.isEmpty()
        && text.chars().allMatch(c -> c >= ' ' || c == '\n' || c == '\r' || c == '\t');
  }
}
