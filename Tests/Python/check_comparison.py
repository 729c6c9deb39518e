"""Compares with MLflow's own client (3.18 and later) the newest run of a suite with the one before.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python check_comparison.py --experiment answers --suite pairs \
        --samples 12 --better 1 --worse 7 --p-value 0.07

All samples have to be paired, also where cases are repeated, and their verdicts have to have changed as often as said. With
--p-value, what drover said of the same verdicts (rounded), MLflow's exact test has to say the same; without it, only pairing is
looked at, since MLflow takes the samples of one case as pairs of their own, and drover does not.
Exit code 0 when everything is as said, else 1 and each thing that is not.
"""

import argparse
import math
import sys

import mlflow
from check_evaluation import check, newest_runs, problems


def exact(better: int, worse: int) -> float:
    n = better + worse
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(min(better, worse) + 1)) / 2**n)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--better", type=int, required=True)
    parser.add_argument("--worse", type=int, required=True)
    parser.add_argument("--p-value", type=float)
    options = parser.parse_args()

    experiment_id = mlflow.MlflowClient().get_experiment_by_name(options.experiment).experiment_id
    candidate, baseline = newest_runs(experiment_id, options.suite, 2)
    result = mlflow.genai.compare_evaluations(
        candidate_run_id=candidate.info.run_id, baseline_run_id=baseline.info.run_id)
    unpaired = result.unpaired_baseline_trace_ids + result.unpaired_candidate_trace_ids
    check(not unpaired, f"{len(unpaired)} samples are unpaired: {unpaired}.")
    check(len(result.paired_rows) == options.samples, f"There are {len(result.paired_rows)} pairs.")
    verdicts = result.scorers["allPassed"]
    check(verdicts.n_paired == options.samples, f"The verdicts of {verdicts.n_paired} samples are compared.")
    scores = [row["scores"]["allPassed"] for row in result.paired_rows]
    changed = [round(float(score["candidate"]) - float(score["baseline"])) for score in scores]
    found = (changed.count(1), changed.count(-1))
    check(found == (options.better, options.worse), f"Better and worse are {found}.")
    if options.p_value is not None:
        check(options.better + options.worse < 25, "With so many changes MLflow takes another test.")
        check(verdicts.status == "ok", f"MLflow's test is {verdicts.status}.")
        check(verdicts.n_nonzero == options.better + options.worse, f"MLflow counts {verdicts.n_nonzero} changes.")
        wanted = exact(options.better, options.worse)
        is_equal = verdicts.p_value is not None and abs(verdicts.p_value - wanted) < 1e-9
        check(is_equal, f"MLflow's test says {verdicts.p_value}, McNemar's exact one {wanted}.")
        check(abs(options.p_value - wanted) <= 0.001, f"drover says {options.p_value}, McNemar's exact test {wanted}.")

    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"MLflow {mlflow.__version__}: {len(scores)} pairs of {options.suite} checked, {len(problems)} problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
