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
set xlabel 'median latency'
front(value, is_front) = is_front > 0 ? value : NaN
set style line 26 lc rgb '#0072B2' lw 2
set style line 27 lc rgb '#777777' lw 1.2
do for [format in formats] {
	eval begin(format)
	plot data index 1 using 1:2 with fsteps lc rgb '#9CC3DD' lw 2, \
		data index 0 using 3:6:($11 - $3):($12 - $6) with vectors nohead lc rgb '#BBBBBB' lw 0.8, \
		data index 0 using 3:6:4:5:7:8 with xyerrorbars ls 27 pt 7 ps 0.7, \
		data index 0 using 3:(front($6, $2)):4:5:7:8 with xyerrorbars ls 26 pt 7 ps 1.0, \
		data index 0 using 9:10:1 with labels center font ',12' noenhanced
	unset output
}
