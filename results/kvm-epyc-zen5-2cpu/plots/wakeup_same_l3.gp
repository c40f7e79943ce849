# Draws wakeup_same_l3.svg and .png from wakeup_same_l3.dat: gnuplot wakeup_same_l3.gp
name = 'wakeup_same_l3'
styles = '4 3 5 16'
unit = 'round trip after the gap'
series = 4
x_tics = '"10 µs" 10000, "100 µs" 100000, "1 ms" 1000000, "10 ms" 10000000'
x_low = 7585.77575
x_high = 13182567.39
y_tics = '"5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04'
y_low = 4008.620343
y_high = 94348.54313
title = 'Wake-up latency against idle time, between two cores (same_l3)'
title_size = '17'
caption1 = 'wakeup between processes, 64 B: medians of process runs, n = 5 to 8 each; bands: exact 95 % intervals (from 6 runs on).'
caption2 = 'All 3 subjects with several gaps. Dashed: idle states free; solid: held off.'
caption3 = ''
key_margin = 0.7930120482
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Latency after the receiver has been idle: how deep it slept costs more than the mechanism.
y_label = 'median '.unit
load 'common.gp'
data = name.'.dat'
set logscale xy
set xrange [x_low:x_high]
set yrange [y_low:y_high]
eval 'set xtics ('.x_tics.')'
eval 'set ytics ('.y_tics.')'
set xlabel 'idle time before each message'
do for [format in formats] {
	eval begin(format)
	plot for [i = 0:series - 1] data index i using 1:3:4 with filledcurves ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:($6 > 0 ? $2 : NaN) with points ls 28 notitle, \
		for [i = 0:series - 1] data index i using 1:2 with linespoints ls style_of(i) title columnheader(1)
	unset output
}
