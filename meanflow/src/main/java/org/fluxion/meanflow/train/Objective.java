package org.fluxion.meanflow.train;

import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.path.Path;

/** What training minimises, with every hyper-parameter. */
public sealed interface Objective {
  /**
   * The path between data and noise.
   *
   * @return the path
   */
  Path path();

  /**
   * The share of samples that are told "no class".
   *
   * @return from 0 to 1
   */
  double classDropout();

  /**
   * What a model trained so is.
   *
   * @return flow or map
   */
  ModelFile.Kind kind();

  /**
   * Flow matching: the mean squared error of the velocity.
   *
   * @param path the path between data and noise
   * @param timeMean the mean of the normal draw behind the time
   * @param classDropout the share of samples that are told "no class"
   */
  record FlowMatching(Path path, double timeMean, double classDropout) implements Objective {
    /** Checks the ranges. */
    public FlowMatching {
      Range.finite("objective.timeMean", timeMean);
      Range.share("objective.classDropout", classDropout);
    }

    @Override
    public ModelFile.Kind kind() {
      return ModelFile.Kind.FLOW;
    }
  }

  /**
   * Decoupled MeanFlow: half flow matching, half the MeanFlow identity.
   *
   * @param path the path between data and noise
   * @param flowTimeMean P_mean, of the normal draw behind the flow-matching part's time
   * @param firstTimeMean P_mean_t, of the first of two draws, whose larger time is t
   * @param secondTimeMean P_mean_r, of the second of two draws, whose smaller time is r
   * @param guidance which velocity is taught
   * @param classDropout the share of samples that are told "no class"
   * @param logVariance how the log-variance head meets the errors: each with its own, or, as the
   *     official code has it by a slip, all pairs
   */
  record DecoupledMeanFlow(
      Path path,
      double flowTimeMean,
      double firstTimeMean,
      double secondTimeMean,
      GuidanceConfiguration guidance,
      double classDropout,
      LogVarianceWeighting logVariance)
      implements Objective {
    /** Checks the ranges. */
    public DecoupledMeanFlow {
      Range.finite("objective.flowTimeMean", flowTimeMean);
      Range.finite("objective.firstTimeMean", firstTimeMean);
      Range.finite("objective.secondTimeMean", secondTimeMean);
      Range.share("objective.classDropout", classDropout);
    }

    @Override
    public ModelFile.Kind kind() {
      return ModelFile.Kind.MAP;
    }
  }
}
