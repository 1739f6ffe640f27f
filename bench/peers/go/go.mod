module cochain/bench/peers/go

go 1.19
