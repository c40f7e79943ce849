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
