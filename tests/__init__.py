"""Tests of the core, one module for each of gradcam_core's; `python -m pytest` runs them all."""
