# The same mechanism between two threads instead of two processes: left of the line is faster.
key_margin = 0.97
with_key = 0
load 'common.gp'
data = name.'.dat'
set logscale x
set xrange [x_low:x_high]
set yrange [lines + 0.7:0.3]
eval 'set xtics ('.x_tics.')'
set ytics scale 0
set xlabel '← threads are faster    threads / processes    processes are faster →'
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead back lc rgb '#444444' lw 1.2
set style line 26 lc rgb '#0072B2' lw 1.8 pt 7 ps 1.1
set style line 27 lc rgb '#AAAAAA' lw 1.4 pt 7 ps 0.9
pick(value, is, wanted) = is == wanted ? value : NaN
do for [format in formats] {
	eval begin(format)
	plot data using (pick($3, $6, 0)):2:4:5:yticlabels(1) with xerrorbars ls 27 notitle, \
		data using (pick($3, $6, 1)):2:4:5 with xerrorbars ls 26 notitle
	unset output
}
