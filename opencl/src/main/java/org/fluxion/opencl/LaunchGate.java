package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jocl.CL;
import org.jocl.cl_command_queue;

/**
 * Keeps launches and questions for built programs apart. PoCL ends the process when it is asked for
 * a program of which some kernel is enqueued or running, on whichever queue; so whoever asks closes
 * the gate, waits for the queues behind it, and opens it again. Any number of launches pass at
 * once. A queue all of whose programs have been asked for needs no gate. Safe to share.
 */
final class LaunchGate {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  /** Written and walked while the gate is closed. */
  private final List<cl_command_queue> queues = new ArrayList<>();

  LaunchGate() {}

  /** From now on this queue is waited for; its launches must pass. */
  void join(cl_command_queue queue) {
    lock.writeLock().lock();
    try {
      queues.add(queue);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * The queue is waited for no more, if it was: its programs have been asked for, or it is empty
   * and will be released, for which nobody is using it when this returns.
   */
  void leave(cl_command_queue queue) {
    lock.writeLock().lock();
    try {
      queues.removeIf(q -> q == queue);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * Enqueues a launch.
   *
   * @param launch only enqueues; if it waited for another launch, that might never pass
   */
  void pass(Runnable launch) {
    lock.readLock().lock();
    try {
      launch.run();
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Does something while nothing is launched, and nothing that was launched is running. */
  void closed(Runnable question) {
    lock.writeLock().lock();
    try {
      // A queue that has failed runs nothing; its own run tells of it.
      queues.forEach(queue -> Failure.ignore(() -> CL.clFinish(queue)));
      question.run();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
