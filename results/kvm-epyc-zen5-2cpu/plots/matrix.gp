# Draws matrix.svg and .png from matrix.dat: gnuplot matrix.gp
name = 'matrix'
x_tics = '"0" 0, "1" 1'
narrow = 1
cpus = 2
z_tics = '"100 ns" 100'
z_low = 97.21809524
z_high = 107.18295
title = 'Round trip between CPUs, shm_spin'
title_size = '17'
caption1 = 'pingpong, processes, 64 B: median of process runs in ns, n = 7 each. 1 pair was measured; a pair that was measured one'
caption2 = 'way only is shown in both.'
caption3 = ''
footer1 = 'AMD EPYC, 2 CPUs, KVM guest, Linux 6.18.44-fc-v657, Debian 12'
footer2 = 'ipcmark run --suite quick --out results/kvm-epyc-zen5-2cpu · ipcmark 0.1.0 · 2026-11-20T16:37:15+0000'

# Round trip between every two CPUs: blocks are what shares a cache. Grey was not measured.
key_margin = 0.73
left_margin = 0.30
y_label = 'CPU'
with_key = 0
load 'common.gp'
data = name.'.dat'
unset grid
set border 0
set style fill solid noborder
set xrange [-0.5:cpus - 0.5]
set yrange [cpus - 0.5:-0.5]
eval 'set xtics ('.x_tics.')'
eval 'set ytics ('.x_tics.')'
set xtics scale 0
set ytics scale 0
set xlabel 'CPU'
set logscale cb
set cbrange [z_low:z_high]
eval 'set cbtics ('.z_tics.')'
set colorbox noborder
# Of one figure, or of nearly the same ones, the numbers say more.
if (narrow) unset colorbox
# Cividis: the same order of lightness with and without colour vision.
set palette defined (0 '#FDE737', 1 '#BCAF6F', 2 '#7C7B78', 3 '#414D6B', 4 '#00204C')
set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#E4E4E4' fillstyle solid noborder
dark(value) = log(value / z_low) / log(z_high / z_low) > 0.45
number(text, wanted) = text eq 'NaN' || cpus > 16 || dark(real(text)) != wanted ? '' : \
	sprintf(real(text) < 99.5 ? '%.1f' : '%.0f', real(text))
size = cpus <= 8 ? ',13' : ',9'
do for [format in formats] {
	eval begin(format)
	plot data using 1:2:3 with image pixels, \
		data using 1:2:(number(strcol(3), 1)) with labels textcolor rgb 'white' font size noenhanced, \
		data using 1:2:(number(strcol(3), 0)) with labels textcolor rgb 'black' font size noenhanced
	unset output
}
