"""The training harness that text, voice and face share: splits, metrics, export, evaluation.

In no image. Only `services.*.training` and the command line import it.
"""
