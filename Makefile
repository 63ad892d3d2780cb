# nsteps: `make demo` shows it, `make help` lists the targets, README.md explains.
BUILD  = build
CC     = cc
ROOTFS = $(BUILD)/rootfs
FUZZ   = 60

CFLAGS   = -O2 -g -std=c11 -ffunction-sections -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
CPPFLAGS = -D_GNU_SOURCE
# Static: a step must still run after the root directory has changed and libc is out of sight.
# The rest makes them smaller, for a step may copy itself into memory (lib/copy.c): -s leaves symbols out, gc-sections
# functions that a step does not call. For a debugger: make LDFLAGS=-static
LDFLAGS  = -static -s -Wl,--gc-sections
# musl-gcc does not look for the kernel's own headers (linux/*.h) by itself.
ifneq (,$(findstring musl,$(CC)))
CPPFLAGS += -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch)
endif
ifdef SANITIZE
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS =
endif

# As many compilers at once as there are processors; what make runs need not know of it.
ifeq (,$(filter clean,$(MAKECMDGOALS)))
MAKEFLAGS += -j$(shell nproc)
endif
unexport MAKEFLAGS

STEPS = $(patsubst steps/%.c,$(BUILD)/%,$(wildcard steps/*.c))
LIB   = $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(wildcard lib/*.c))

# After `sudo make`, what was made belongs to the owner of the tree, so that he can go on.
OWNED = @test "$$(id -u)" != 0 || chown -Rh --reference=. $(BUILD)

all: $(STEPS) ## build the eight steps (the default)
	$(OWNED)

$(BUILD)/lib/%.o: lib/%.c lib/nsteps.h lib/why.h Makefile
	@mkdir -p $(@D)
	@echo "  CC   $@"; $(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/%: steps/%.c $(LIB) lib/nsteps.h
	@echo "  LINK $@"; $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB)


$(BUILD)/rootfs/etc/nsteps-rootfs: $(STEPS) lib/rootfs.sh
	lib/rootfs.sh $(BUILD)/rootfs $(BUILD)
	$(OWNED)

rootfs: $(BUILD)/rootfs/etc/nsteps-rootfs ## put together build/rootfs from this machine's programs

rootfs-debian: all ## make build/rootfs-debian with debootstrap (as root, needs a network)
	lib/rootfs.sh --debian $(BUILD)/rootfs-debian $(BUILD)

demo: rootfs ## the whole chain, explained (V=1: the steps' own reports; MAP=FILE.svg: a map)
	@V='$(V)' MAP='$(MAP)' lib/demo.sh demo $(BUILD) '$(ROOTFS)'
	$(OWNED)

shell: rootfs ## an interactive shell in the same container
	@lib/demo.sh shell $(BUILD) '$(ROOTFS)'

doctor: ## what works on this machine, and what stands in the way
	@$(MAKE) -s --no-print-directory BUILD=$(BUILD) CC='$(CC)' rootfs || true
	@lib/doctor.sh $(BUILD) '$(ROOTFS)'

test: rootfs ## all tests: as root and as an ordinary user; without root, those of a user
	@BUILD=$(BUILD) tests/run $(T)
	$(OWNED)

test-tutorial: rootfs ## the tutorial: each command typed, each output compared (part of make test)
	@tests/tutorial count
	@BUILD=$(BUILD) tests/run tests/tutorial.bats

tutorial-refresh: rootfs ## the same; shows what differs and writes the real output back (C=03: one)
	@BUILD=$(BUILD) tests/tutorial refresh $(C)

test-vm: rootfs ## all tests on Linux 5.10, 6.1 and 6.12, in virtual machines (KERNEL=6.1: one)
	@BUILD=$(BUILD) T='$(T)' tests/vm test $(KERNEL)

vm: rootfs ## a root shell in a virtual machine, for any user (KERNEL=5.10 or /boot/vmlinuz-...)
	@BUILD=$(BUILD) tests/vm shell $(KERNEL)

# The exercises. NAME is 01 to 08, fix-leak and the like (without lab-), or 10-seccomp and the like.
lab-%: all ## an exercise: lab-03 is the step 03 without its call (labs lists all of them)
	@tests/lab start $*

fix-%: all ## an exercise: a program that does not do what it should
	@tests/lab start fix-$*

check-lab-% check-fix-%: rootfs
	@tests/lab check $(patsubst lab-%,%,$(patsubst check-%,%,$@))

check-%: ## check-lab-03, check-fix-leak: is yours right? what is the first thing that is not?
	@echo 'check-lab-03 or check-fix-leak: make labs lists all of them' >&2; exit 1

hint-lab-% hint-fix-%:
	@tests/lab hint $(patsubst lab-%,%,$(patsubst hint-%,%,$@)) $(N)

hint-%: ## hint-lab-03 N=1: a hint; the next one says more
	@echo 'hint-lab-03 N=1: make labs lists all of them' >&2; exit 1

reset-lab-% reset-fix-%: all
	@tests/lab reset $(patsubst lab-%,%,$(patsubst reset-%,%,$@))

reset-%: ## reset-lab-03: begin again; what you had is kept beside it
	@echo 'reset-lab-03: make labs lists all of them' >&2; exit 1

labs: ## all exercises, and how far you are
	@tests/lab list

grade: rootfs ## for the teacher: DIR=submissions/ OUT=grades.csv (T='03 04': these labs only)
	@tests/lab grade "$$DIR" "$$OUT" $(T)

test-labs: rootfs ## the exercises' checks: each known mistake must fail, with the hint meant for it (T=03: one)
	@tests/lab prove $(T)

fuzz: ## the parsers under libFuzzer: what is true whatever they are given? (FUZZ=3600: seconds each, T=record: one)
	@BUILD=$(BUILD) FUZZ=$(FUZZ) tests/fuzz/run $(T)

bench: rootfs ## how fast: each step, the chain and the pipeline beside tools that do the same, as ratios
	@BUILD=$(BUILD) tests/bench

proof: rootfs ## runs all that shows that it is so, and writes the table in README.md (an hour)
	@BUILD=$(BUILD) tests/proof run

test-faults: rootfs ## each system call of each step made to fail in turn (half an hour; T='01 05-pipe': these)
	@BUILD=$(BUILD) tests/faults $(T)

lint: ## warnings of gcc and clang, cppcheck, clang-tidy, shellcheck, clang-format
	@tests/lint

clean: ## remove build/ (never lab/)
	rm -rf --one-file-system $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { sub(/%/, "..."); printf "make %-16s %s\n", $$1, $$2 }' Makefile

.SECONDARY:
.PHONY: all rootfs rootfs-debian demo shell doctor test test-tutorial tutorial-refresh test-faults test-vm vm labs grade test-labs fuzz bench proof lint clean help
