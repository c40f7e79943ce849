# What latency costs: a spinning mechanism buys microseconds with the CPU time of both sides.
key_margin = 0.97
load 'common.gp'
data = name.'.dat'
set logscale xy
set xrange [x_low:x_high]
set yrange [y_low:y_high]
eval 'set xtics ('.x_tics.')'
eval 'set ytics ('.y_tics.')'
set xlabel 'median latency'
set ylabel 'CPU time per message, both sides' offset 1,0
unset key
front(value, is_front) = is_front ? value : NaN
# The text of a point whose label stands at this side.
at(side, wanted, text) = side == wanted ? text : ''
set style line 26 lc rgb '#0072B2' lw 2
set style line 27 lc rgb '#666666' lw 1.5
do for [format in formats] {
	eval begin(format)
	plot data index 1 using 1:2 with fsteps lc rgb '#9CC3DD' lw 2, \
		data index 0 using 4:7:5:6:8:9 with xyerrorbars ls 27 pt 7 ps 0.8, \
		data index 0 using 4:(front($7, $3)):5:6:8:9 with xyerrorbars ls 26 pt 7 ps 1.1, \
		data index 0 using 4:7:(at($2, 0, strcol(1))) with labels left offset 0.9,0 font ',12' noenhanced, \
		data index 0 using 4:7:(at($2, 1, strcol(1))) with labels right offset -0.9,0 font ',12' noenhanced, \
		data index 0 using 4:7:(at($2, 2, strcol(1))) with labels center offset 0,0.75 font ',12' noenhanced, \
		data index 0 using 4:7:(at($2, 3, strcol(1))) with labels center offset 0,-0.75 font ',12' noenhanced
	unset output
}
