# shellcheck shell=bash disable=SC2034,SC2016
# 11-overlay: a step that mounts a writable layer over a tree
hints=(
    'Do it by hand first: 07-userns-map -- 01-unshare --mount -- sh, and there mount -t overlay overlay -o lowerdir=...,upperdir=...,workdir=... DIR. cat /proc/self/mountinfo shows the result.'
    'In C: the first argument of mount(2) is only a name to be shown, the second one is where: LOWER itself. The string of options comes out of snprintf(3). No blanks in it.'
    'The layer may be there from the last time: then mkdir(2) says EEXIST, and all is well. And start_from, refuse_on_host, join stand before the first path is looked at.'
    'Put userxattr, in front of the options. Where mount(2) says EINVAL to that (Linux 5.10), try it once more without.'
)
# Each rule has one line of shell. The tree is a copy in memory.
trees='rm -rf build/low build/layer; mkdir -p build/low/d; echo a >build/low/a'
mounted="$trees; 07-userns-map -- 01-unshare --mount -- 11-overlay build/low build/layer"
when todo '' 'TODO:' 'Something is not written yet: the line above says which function. Begin with make_layer and mount_overlay.' 'What you have'
when einval "$mounted -- true 2>&1" 'EINVAL' \
    'overlayfs does not take these options (EINVAL). It needs three directories, by the names lowerdir, upperdir and workdir, with commas and without blanks. upperdir and workdir are two directories, and neither is in the other.'
when no-layer "$mounted -- true 2>&1" 'ENOENT' \
    'A directory is not there. With one operand after LOWER, your make_layer must make DIR, and upper and work in it. Which is made first?' 'What you have'
when not-joined '01-unshare --user --mount | 07-userns-map - | 11-overlay - build/rootfs build/layer-2 -- ls -d README.md 2>&1' 'EPERM' \
    'With - it may not mount (EPERM), although in the namespaces of the steps before it might. Who enters these, and is it done before the mount? TODO 3.' 'What you have'
when elsewhere "$mounted -- awk '/ - overlay / { print \"mounted on\", \$5 }' /proc/self/mountinfo 2>/dev/null" 'mounted on .*/layer' \
    'The overlay is mounted on another directory. The steps after this one are given LOWER: mount it there.'
when nothing-mounted '' '^# nothing at all' \
    'The step says that it has mounted something, and on LOWER nothing is mounted. Is mount(2) called? What does it return? And is its second argument LOWER, where the steps after this one look?'
when no-overlay '' '^# (tmpfs|ext[234]|xfs|btrfs|9p|bcachefs) r[ow]' \
    'Something is mounted on LOWER, and it is no overlay: the type (the third argument of mount(2)) decides that. With a bind mount, what is written goes to LOWER itself.'
when swapped '' '^# overlay .*lowerdir=[^,]*/(upper|work)' \
    'The directories are exchanged: lowerdir= is the tree that is only read, upperdir= is where changes go. As it is, LOWER gets them.'
when read-only '' '^# overlay ro' \
    'The overlay is mounted read-only. Is there a flag too many?'
when second-time '' 'this was the second time' \
    'The first time all is well. When the layer is there already, the step gives up. What does mkdir(2) return then, and is that an error here?' 'What you have'
when error-lost '' '^# without UPPER: exit status 0' \
    'The mount has failed, for there was no UPPER, and COMMAND ran all the same: without a layer, it would write to LOWER. Return -1 then, with errno as the call has left it.'
when other-names "$trees; mkdir -p build/layer/a/b build/layer/c; 07-userns-map -- 01-unshare --mount -- 11-overlay build/low build/layer/a/b build/layer/c -- touch build/low/new 2>/dev/null; ls build/layer/a/b/new 2>&1" 'No such file' \
    'With UPPER and WORK given by name, these two are to be used, as they were typed. Does your function put something of its own into the options?'
when not-opaque "$trees; touch build/low/d/below; 07-userns-map -- 01-unshare --mount -- 11-overlay build/low build/layer -- sh -c 'cd build/low && rm -r d && mkdir d && ls d' 2>&1" 'cannot create directory|rror|below$' \
    'A directory that was removed cannot be made again. The kernel notes "opaque" in an attribute that only root of the machine may write. Which option lets it use another one? Search overlayfs.rst for "user".'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

mutant nothing-called nothing-mounted mount_overlay <<'C'
    (void)lower;
    (void)upper;
    (void)work;
    return 0;
C
mutant bind-mount no-overlay mount_overlay <<'C'
    (void)upper;
    (void)work;
    return mount(lower, lower, NULL, MS_BIND | MS_REC, NULL);
C
change no-workdir einval 's/,workdir=%s"/"/; s/^ *upper, work);/        upper);/'
change exchanged swapped 's/"%slowerdir=%s,upperdir=%s/"%supperdir=%s,lowerdir=%s/'
change no-userxattr not-opaque 's/user\[\] = "userxattr,"/user[] = ""/'
change read-only read-only 's/"overlay", 0, data)/"overlay", MS_RDONLY, data)/'
change exists-is-an-error second-time 's/ && errno != EEXIST//'
mutant error-lost error-lost mount_overlay <<'C'
    char data[4096];

    snprintf(data, sizeof data, "userxattr,lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
    mount("overlay", lower, "overlay", 0, data);
    return 0;
C
change mounted-on-upper elsewhere 's/mount("overlay", lower, "overlay"/mount("overlay", upper, "overlay"/'
change one-directory-for-both einval 's/^ *upper, work);/        upper, upper);/'
change own-names other-names 's/,workdir=%s"/,workdir=%s\/..\/work"/; s/^ *upper, work);/        upper, upper);/'
change record-not-used not-joined '/^    start_from(/d; /^    join(/d'
change mount-before-joining not-joined '/^    join(/d; /^    add_note(/i\    join(\&step);'
