"""The seven stations of one event: parse, read, judge, intend, put, prove, record; and `mend`, the walk through them.

Each takes a batch and returns values for the next; an event is a batch of one, a sweep walks with up to thirty-three.
What ends early is an Outcome and waits for `record`. An error is the value of its own item, and stops no other.
"""
