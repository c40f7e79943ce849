#!/bin/bash
# The doctor, on machines that are made of files.
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"

put() # PATH TEXT, below $root
{
	mkdir -p "$root$(dirname "$1")"
	printf '%b\n' "$2" >"$root$1"
}

# All that can be wrong.
root=bad
put /proc/loadavg '3.10 2.00 1.00 5/300 4711'
put /proc/stat 'cpu  1000 0 1000 7000 0 0 0 1000 0 0'
put /proc/meminfo 'MemTotal: 1000000 kB\nMemAvailable: 102400 kB'
put /proc/cpuinfo 'flags\t\t: fpu hypervisor tsc'
put /proc/self/status 'Name: x\nCpus_allowed_list:\t3'
put /proc/self/cgroup '0::/box'
put /proc/self/timerslack_ns 5000000
put /proc/self/limits 'Limit  Soft Limit  Hard Limit  Units
Max open files            64                   4096                 files     
Max locked memory         65536                65536                bytes     
Max pending signals       10                   10                   signals   
Max msgqueue size         4096                 819200               bytes     '
put /sys/fs/cgroup/box/cpu.max '50000 100000'
put /sys/fs/cgroup/box/memory.max 104857600
put /sys/devices/system/cpu/online 0-3
put /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor powersave
put /sys/devices/system/cpu/intel_pstate/no_turbo 0
put /sys/devices/system/cpu/smt/active 1
put /sys/devices/system/cpu/cpuidle/current_driver intel_idle
put /sys/devices/system/clocksource/clocksource0/current_clocksource hpet
put /sys/class/dmi/id/sys_vendor 'Example Cloud'
put /sys/kernel/mm/transparent_hugepage/enabled '[always] madvise never'
put /proc/sys/kernel/randomize_va_space 0
put /proc/sys/kernel/io_uring_disabled 2
put /proc/sys/kernel/yama/ptrace_scope 3
put /proc/sys/kernel/perf_event_paranoid 4
put /proc/sys/fs/mqueue/msg_max 4
put /proc/sys/fs/mqueue/msgsize_max 1024
put /proc/sys/kernel/msgmax 512
put /proc/sys/kernel/msgmnb 1024
put /proc/sys/kernel/sem '250 32000 32 8'
ipcmark doctor --all --root=$root
golden "a machine on which all is wrong" out doctor/bad.txt
ipcmark doctor --strict --root=$root
[ "$status" = 1 ]
report $? "--strict: warnings are exit status 1"
ipcmark doctor --root=$root
[ "$status" = 0 ]
report $? "without it they are not"

# All is well; control groups of version 1.
root=good
put /proc/loadavg '0.05 0.02 0.00 1/300 4711'
put /proc/stat 'cpu  1000 0 1000 98000 0 0 0 0 0 0'
put /proc/meminfo 'MemTotal: 16000000 kB\nMemAvailable: 8388608 kB'
put /proc/cpuinfo 'flags\t\t: fpu tsc'
put /proc/self/status 'Name: x\nCpus_allowed_list:\t0-3,8-11'
put /proc/self/cgroup '4:memory:/\n2:cpu,cpuacct:/\n0::/'
put /proc/self/timerslack_ns 50000
put /proc/self/limits 'Limit  Soft Limit  Hard Limit  Units
Max open files            1024                 4096                 files     
Max locked memory         unlimited            unlimited            bytes     
Max pending signals       31000                31000                signals   
Max msgqueue size         819200               819200               bytes     '
put /sys/fs/cgroup/cpu/cpu.cfs_quota_us -1
put /sys/fs/cgroup/memory/memory.limit_in_bytes 9223372036854771712
put /sys/devices/system/cpu/online 0-3,8-11
put /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor performance
put /sys/devices/system/cpu/cpufreq/boost 0
put /sys/devices/system/cpu/smt/active 0
put /sys/devices/system/cpu/cpuidle/current_driver acpi_idle
put /sys/devices/system/cpu/cpuidle/current_governor menu
put /sys/devices/system/clocksource/clocksource0/current_clocksource tsc
put /sys/kernel/mm/transparent_hugepage/enabled 'always [madvise] never'
put /proc/sys/kernel/randomize_va_space 2
put /proc/sys/kernel/io_uring_disabled 0
put /proc/sys/kernel/yama/ptrace_scope 1
put /proc/sys/kernel/perf_event_paranoid 1
put /proc/sys/fs/mqueue/msg_max 10
put /proc/sys/fs/mqueue/msgsize_max 8192
put /proc/sys/kernel/msgmax 8192
put /proc/sys/kernel/msgmnb 16384
put /proc/sys/kernel/sem '32000\t1024000000\t500\t32000'
put /dev/cpu_dma_latency ''
mkdir $root/dev/shm
ipcmark doctor --all --root=$root
golden "a machine on which all is well" out doctor/good.txt
ipcmark doctor --strict --root=$root
[ "$status" = 0 ]
report $? "--strict: no warning"

root=quota
put /proc/self/cgroup '2:cpu,cpuacct:/box\n0::/'
put /sys/fs/cgroup/cpu/box/cpu.cfs_quota_us 150000
put /sys/fs/cgroup/cpu/box/cpu.cfs_period_us 100000
ipcmark doctor --root=$root
check "a quota of version 1" grep -q 'may use 1.50 CPUs' out

mkdir nothing
ipcmark doctor --all --root=nothing
golden "a machine that tells nothing" out doctor/nothing.txt

ipcmark doctor --all --json
[ "$status" = 0 ] && json_is out \
	'all(f["severity"] in ("ok", "note", "warning") for f in d["findings"])' True
report $? "this machine, as JSON"
check "every warning has advice" json_is out \
	'[f["check"] for f in d["findings"] if f["severity"] == "warning" and not f["advice"]]' '[]'
finish
