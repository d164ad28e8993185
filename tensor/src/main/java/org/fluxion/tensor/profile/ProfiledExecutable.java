package org.fluxion.tensor.profile;

import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.plan.Plan;

/** An executable whose calls are noted with their times. */
final class ProfiledExecutable implements Executable {
  private final Executable measured;
  private final Recorder recorder;

  ProfiledExecutable(Executable measured, Recorder recorder) {
    this.measured = measured;
    this.recorder = recorder;
  }

  @Override
  public Plan plan() {
    return measured.plan();
  }

  @Override
  public long bytes() {
    return measured.bytes();
  }

  @Override
  public void write(int input, HostData data) {
    long start = System.nanoTime();
    measured.write(input, data);
    recorder.called(Recorder.UPLOAD, start);
  }

  @Override
  public void run() {
    long start = System.nanoTime();
    measured.run();
    recorder.called(Recorder.RUN, start);
    recorder.ran();
  }

  @Override
  public void read(int output, HostData data) {
    long start = System.nanoTime();
    measured.read(output, data);
    recorder.called(Recorder.READ, start);
  }

  @Override
  public HostData result(int output) {
    long start = System.nanoTime();
    HostData data = measured.result(output);
    recorder.called(Recorder.READ, start);
    return data;
  }

  @Override
  public void readInput(int input, HostData data) {
    long start = System.nanoTime();
    measured.readInput(input, data);
    recorder.called(Recorder.STATE, start);
  }

  @Override
  public void carry() {
    long start = System.nanoTime();
    measured.carry();
    recorder.called("carry", start);
  }

  /** The device's own times, or what it told of its launches. */
  @Override
  public Optional<long[]> nanos() {
    return measured.nanos().or(recorder::nanos);
  }

  @Override
  public String variant(int kernel) {
    return measured.variant(kernel);
  }

  @Override
  public List<String> notes() {
    return measured.notes();
  }

  @Override
  public long runs() {
    return measured.runs();
  }

  @Override
  public void close() {
    measured.close();
  }
}
