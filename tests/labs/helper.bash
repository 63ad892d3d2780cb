# helper.bash - the same as that of the steps' own tests, which stands one directory above. The program of a lab is
# in PATH, and in the root filesystem, under the lab's name.
# shellcheck shell=bash
BATS_TEST_DIRNAME=${BATS_TEST_DIRNAME%/labs}
# shellcheck source=tests/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"
