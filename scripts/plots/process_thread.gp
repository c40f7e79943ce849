# The same mechanism between two processes and between two threads.
key_margin = 0.97
left_margin = 0.21
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [lines + 0.7:0.3]
eval 'set xtics ('.x_tics.')'
set ytics scale 0
set xlabel 'median latency'
set key at screen 0.97, 0.935 right top horizontal
set style line 26 lc rgb '#0072B2' lw 1.5 pt 7 ps 1.1
set style line 27 lc rgb '#D55E00' lw 1.5 pt 9 ps 1.2
set style line 28 lc rgb '#BBBBBB' lw 3
do for [format in formats] {
	eval begin(format)
	plot data using 3:2:($9 ? $6 - $3 : NaN):(0) with vectors nohead ls 28 notitle, \
		data using 3:2:4:5:yticlabels(1) with xerrorbars ls 26 title 'processes', \
		data using 6:2:7:8 with xerrorbars ls 27 title 'threads'
	unset output
}
