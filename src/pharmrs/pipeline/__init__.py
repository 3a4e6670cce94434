"""Participant and group stages: order, outcomes, execution, outputs. The only room that knows two sciences."""
