"""The waker: while no replica of a fleet is ready, its Service leads here, and requests wait here.

A request is held within bounds, passed on to a replica as soon as one is ready, and refused in plain words
when none will come. Which fleets wake is decided by the operator, which reads how many requests wait; nothing
is decided or written here.
"""
