"""Count and pool scores: histograms, pooled scores, mean voices, names of model versions."""
