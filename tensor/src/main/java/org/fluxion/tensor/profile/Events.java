package org.fluxion.tensor.profile;

import java.util.ArrayList;
import java.util.List;

/** Launches and calls one by one, up to a limit. Safe to share between threads. */
final class Events {
  private final int most;
  private final List<Profile.Event> kept = new ArrayList<>();
  private long dropped;

  Events(int most) {
    this.most = most;
  }

  synchronized void add(Profile.Event event) {
    if (kept.size() < most) {
      kept.add(event);
    } else {
      dropped++;
    }
  }

  synchronized List<Profile.Event> kept() {
    return List.copyOf(kept);
  }

  synchronized long dropped() {
    return dropped;
  }
}
