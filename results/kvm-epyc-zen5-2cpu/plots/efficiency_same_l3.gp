# Draws efficiency_same_l3.svg and .png from efficiency_same_l3.dat: gnuplot efficiency_same_l3.gp
name = 'efficiency_same_l3'
styles = '1 2 3 4 5 7 8 10 12'
series = 9
x_tics = '"100 ns" 100, "1 µs" 1000, "10 µs" 1e+04, "100 µs" 1e+05'
x_low = 66.14008384
x_high = 675247.2582
y_high = 1.173951566
y_step = 0.25
mark = 1
y_label = 'efficiency'
title = 'Efficiency of a map by the grain of its tasks, between two cores (same_l3)'
title_size = '15'
caption1 = 'fib: 100 tasks, chunks of 1, 2 workers; medians of n = 5 to 8 process runs beside serial; efficiency: speed-up per CPU'
caption2 = 'that workers have. '
caption3 = ''
key_margin = 0.746626506
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Speed-up or efficiency by the grain. The line is what is asked for: the break-even, or all CPUs.
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [0:y_high]
eval 'set xtics ('.x_tics.')'
set ytics y_step
set xlabel 'grain: one task alone'
set arrow 1 from graph 0, first mark to graph 1, first mark nohead back lc rgb '#444444' lw 1.2 dt 2
do for [format in formats] {
	eval begin(format)
	plot for [i = 0:series - 1] data index i using 1:3:4 with filledcurves ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:2 with linespoints ls style_of(i) title columnheader(1)
	unset output
}
