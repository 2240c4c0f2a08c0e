module shoal/krakend-stand-in

go 1.19
