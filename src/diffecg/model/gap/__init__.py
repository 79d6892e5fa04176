"""The gap model: a conditional diffusion model of what is missing, which starts from candidates for it.

A candidate is a segment of the same recording that may resemble the gap: an analogue, or a visible cardiac
cycle laid to the expected beat times (:mod:`diffecg.transform.gap_window`). The network sees every candidate
with its surroundings, estimates the missing samples and how uncertain they are, and makes each draw from a
candidate of its own and noise of its own.
"""
