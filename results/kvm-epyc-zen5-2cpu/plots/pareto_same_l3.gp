# Draws pareto_same_l3.svg and .png from pareto_same_l3.dat: gnuplot pareto_same_l3.gp
name = 'pareto_same_l3'
unit = 'round trip'
x_tics = '"100 ns" 100, "200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04'
x_low = 60.558297
x_high = 65651.53986
y_tics = '"200 ns" 200, "500 ns" 500, "1 µs" 1000, "2 µs" 2000, "5 µs" 5000, "10 µs" 1e+04, "20 µs" 2e+04, "50 µs" 5e+04, "100 µs" 1e+05'
y_low = 124.4685741
y_high = 111743.4441
title = 'Latency against CPU cost, between two cores (same_l3)'
title_size = '17'
caption1 = 'pingpong between processes, 64 B: medians of process runs, n = 4 to 8 each; bars: exact 95 % intervals. On the line: no'
caption2 = 'other subject is better in both. Without a name for want of room: see the table.'
caption3 = ''
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# What latency costs: a spinning mechanism buys microseconds with the CPU time of both sides.
key_margin = 0.97
y_label = 'CPU time per message, both sides'
with_key = 0
load 'common.gp'
data = name.'.dat'
set logscale xy
set xrange [x_low:x_high]
set yrange [y_low:y_high]
eval 'set xtics ('.x_tics.')'
eval 'set ytics ('.y_tics.')'
set xlabel 'median '.unit
front(value, is_front) = is_front > 0 ? value : NaN
# The colours of all plots for subjects that everybody knows; the others are grey.
of(style) = style > 0 ? colour[style] : 0x888888
do for [format in formats] {
	eval begin(format)
	plot data index 1 using 1:2 with fsteps lc rgb '#BBBBBB' lw 2, \
		data index 0 using 3:6:($11 - $3):($12 - $6) with vectors nohead lc rgb '#BBBBBB' lw 0.8, \
		data index 0 using 3:6:4:5:7:8:(of($14)) with xyerrorbars lc rgb variable lw 1.2 pt 7 ps 0.6, \
		data index 0 using 3:(front($6, $2)):(of($14)) with points lc rgb variable pt 7 ps 1.3, \
		data index 0 using 9:10:($13 > 0 ? strcol(1) : '') with labels center font ',12.5' noenhanced
	unset output
}
