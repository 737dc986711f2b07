"""The judge: the trusted process that measures a kernel which nobody trusts.

Rule of the house: of all that the worker says, only "you may look now" is believed. Figure and verdict come from the
judge's own clock, snapshot and reference.
"""
