package org.fluxion.meanflow.report;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What drew the samples of a row. */
public enum Generator {
  /** The flow model, which needs many steps. */
  @JsonProperty("flow")
  FLOW("Flow model"),
  /** The flow model read as a flow map, without any training. */
  @JsonProperty("converted")
  CONVERTED("Converted, not trained"),
  /** The flow map after fine-tuning. */
  @JsonProperty("map")
  MAP("Flow map");

  private final String title;

  Generator(String title) {
    this.title = title;
  }

  /**
   * The name for people.
   *
   * @return a few words
   */
  public String title() {
    return title;
  }
}
