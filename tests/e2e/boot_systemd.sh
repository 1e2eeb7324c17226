#!/bin/bash
# boot_systemd.sh ROOT NAME: systemd of the file system in ROOT as process 1 of its own namespaces, without a network
# but loopback; as root, where control groups are of version 1. NAME is its control group in each hierarchy.
set -e
for controller in systemd cpu pids memory; do
  group=/sys/fs/cgroup/$controller/$2
  mkdir -p "$group"
  echo $$ >"$group/cgroup.procs"
done
exec unshare -m -n -p -u -i -C -f --kill-child --propagation private /bin/bash -e -c '
root=$1
ip link set lo up
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
for controller in cpu pids memory; do
  mkdir sys/fs/cgroup/$controller
  mount -t cgroup -o $controller cgroup sys/fs/cgroup/$controller
done
mkdir sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir -p dev/pts dev/shm old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . old
cd /
umount -l old
exec env -i container=other /sbin/init systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1
' bash "$1"
