"""The kinds that users write, as frozen types, and the CRDs that are generated from them.

Pure: no I/O, no clock, no logging. What a field means is said once, on its type.
"""
