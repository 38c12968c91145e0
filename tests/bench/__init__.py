"""``make bench``: what the operator costs, as ratios against a floor that is measured in the same run.

Only the benchmark lives here; the tests do not read its figures, because they depend on the machine.
"""
