package org.fluxion.meanflow.train;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** What exceptions of the file system mean, whose class says what their message leaves out. */
public final class FileFailure {
  private FileFailure() {}

  /**
   * What went wrong, in words.
   *
   * @param failure the exception
   * @return such as "no such file"
   */
  public static String reason(FileSystemException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "exists already";
      case NotDirectoryException _ -> "not a folder";
      case DirectoryNotEmptyException _ -> "the folder is not empty";
      default -> failure.getClass().getSimpleName();
    };
  }

  /**
   * The whole of what went wrong.
   *
   * @param failure the exception
   * @return its message, with the reason before it if that names nothing but the file
   */
  public static String message(IOException failure) {
    String message = Objects.requireNonNullElse(failure.getMessage(), "no message");
    return failure instanceof FileSystemException refused
        ? reason(refused) + ": " + message
        : message;
  }
}
