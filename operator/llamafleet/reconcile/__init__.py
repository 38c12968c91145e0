"""Observe, plan, render, apply, report: one LlamaDeployment at a time, by level and never by edge."""
