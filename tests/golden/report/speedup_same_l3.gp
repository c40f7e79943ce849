# Draws speedup_same_l3.svg and .png from speedup_same_l3.dat: gnuplot speedup_same_l3.gp
name = 'speedup_same_l3'
styles = '1 2 3 5 6 12'
series = 6
x_tics = '"10 ns" 10, "100 ns" 100, "1 µs" 1000, "10 µs" 1e+04, "100 µs" 1e+05'
x_low = 8.436854912
x_high = 313926.3458
y_high = 2.237510477
y_step = 0.5
mark = 1.5
y_label = 'speed-up'
title = 'Speed-up of a map by the grain of its tasks, between two cores (same_l3)'
title_size = '17'
caption1 = 'fib: 100 tasks, chunks of 1, 2 workers; medians of n = 8 process runs beside serial. Speed-up of 1.5 from a grain of:'
caption2 = 'mp_threads 51.4 ns, mp_processes 60.6 ns, openmp 94.0 ns, python_pool 79.5 µs, glib 1.13 µs, python_dummy_pool 12.0 µs.'
caption3 = ''
key_margin = 0.7651807229
footer1 = 'Synthetic & Sons <SX-1>, 8 CPUs, no hypervisor, Linux 6.1.0-synthetic, Debian 12'
footer2 = 'ipcmark run ''suite_<all>'' --rounds 8 · ipcmark 0.1.0 · 2026-01-02T03:04:05Z'

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
