# What all plots share: terminals, palette, the place of title, captions and footer.
#
# A plot says `do for [format in formats] { eval begin(format); …; unset output }`. `formats`,
# `prefix` (before output names), `columns` and `rows` (of a terminal) may be set with -e.
set encoding utf8
if (!exists("formats")) formats = 'svg png'
if (!exists("prefix")) prefix = ''
if (!exists("columns")) columns = 100
if (!exists("rows")) rows = 30
if (!exists("key_margin")) key_margin = 0.80
if (!exists("left_margin")) left_margin = 0.095
if (!exists("with_key")) with_key = 1
if (!exists("y_label")) y_label = ''

terminal_svg = "set terminal svg size 960,620 noenhanced font 'sans-serif,14' background rgb 'white' name '".name."'"
terminal_png = "set terminal pngcairo size 1920,1240 noenhanced font 'DejaVu Sans,12' fontscale 1.6 linewidth 2 pointscale 1.6 background rgb 'white'"
terminal_dumb = sprintf("set terminal dumb noenhanced size %d,%d", columns, rows)

# Okabe and Ito's palette; its yellow is darkened, for white paper. Dashes tell the second and the
# third round of colours from the first; the point's shape tells all apart without any colour.
array colour[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#8A7A00']
array shape[8] = [7, 5, 9, 11, 13, 4, 6, 8]
do for [i = 1:24] {
	set style line i lc rgb colour[(i - 1) % 8 + 1] lw 2 pt shape[(i + (i - 1) / 8 - 1) % 8 + 1] ps 0.9 dt 1 + (i - 1) / 8
}
# The floor: grey and dashed everywhere.
set style line 25 lc rgb '#888888' lw 1.5 pt 1 ps 0.7 dt 2
style_of(i) = int(word(styles, i + 1)) > 0 ? int(word(styles, i + 1)) : 25

set style line 30 lc rgb '#DDDDDD' lw 0.7
set grid xtics ytics back ls 30
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set style fill transparent solid 0.16 noborder
if (with_key) set key at screen key_margin + 0.015, 0.835 left top Left reverse samplen 2 spacing 1.15 noenhanced
if (!with_key) unset key

set label 1 title at screen 0.02, 0.955 left font ',19' noenhanced
set label 2 caption1 at screen 0.02, 0.908 left font ',12' textcolor rgb '#444444' noenhanced
set label 3 caption2 at screen 0.02, 0.874 left font ',12' textcolor rgb '#444444' noenhanced
set label 4 footer1 at screen 0.02, 0.046 left font ',10' textcolor rgb '#777777' noenhanced
set label 5 footer2 at screen 0.02, 0.018 left font ',10' textcolor rgb '#777777' noenhanced
# At a fixed place: each terminal has its own idea of how wide the tics are.
set label 6 y_label at screen (left_margin > 0.2 ? left_margin - 0.045 : 0.018), 0.505 center rotate by 90 noenhanced

picture = "set lmargin at screen left_margin; set rmargin at screen key_margin; set tmargin at screen 0.835; set bmargin at screen 0.175; "
# Characters have no room for all of it: the title above, the first caption below.
text = "unset for [i = 1:6] label i; set title title noenhanced; set ylabel y_label; unset grid; ".(with_key ? "set key outside right top reverse Left; " : "")

begin(format) = format eq 'dumb' ? terminal_dumb.'; '.text : \
	(format eq 'svg' ? terminal_svg : terminal_png).'; '.picture."set output prefix.name.'.".format."'"
