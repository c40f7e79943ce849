# The share of samples up to each latency: a step is a mode. Markers, one in a tenth of the curve,
# only tell the lines apart.
y_label = 'share of samples'
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [0:1]
eval 'set xtics ('.x_tics.')'
set ytics ('0 %%' 0, '25 %%' 0.25, '50 %%' 0.5, '75 %%' 0.75, '100 %%' 1)
set xlabel unit
do for [format in formats] {
	eval begin(format)
	plot for [i = 0:series - 1] data index i using 1:2 with lines ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:2 every 90::(15 + 9 * i) with points ls style_of(i) notitle, \
		for [i = 0:series - 1] data index i using 1:(NaN) with linespoints ls style_of(i) title columnheader(1)
	unset output
}
