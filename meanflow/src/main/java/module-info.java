/** Decoupled MeanFlow: the transformer, losses, samplers, trainer, metrics and command line. */
module org.fluxion.meanflow {
  requires transitive org.fluxion.nn;
  requires org.fluxion.autodiff;
  requires com.fasterxml.jackson.annotation;
  requires com.fasterxml.jackson.databind;
  requires ejml.core;
  requires ejml.ddense;
  requires info.picocli;
  requires java.desktop;
  requires jdk.management;
  requires me.tongfei.progressbar;

  exports org.fluxion.meanflow.loss;
  exports org.fluxion.meanflow.metrics;
  exports org.fluxion.meanflow.model;
  exports org.fluxion.meanflow.path;
  exports org.fluxion.meanflow.report;
  exports org.fluxion.meanflow.sample;
  exports org.fluxion.meanflow.train;

  // picocli fills the options' fields, and Jackson the records of metrics.jsonl and summary.json.
  opens org.fluxion.meanflow.cli to
      info.picocli;
  opens org.fluxion.meanflow.report to
      com.fasterxml.jackson.databind;
}
