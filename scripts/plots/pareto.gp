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
