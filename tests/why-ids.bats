#!/usr/bin/env bats
# What lib/why-ids.c says: each cause is made for real. tests/causes lists them.
load helper

