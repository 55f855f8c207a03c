module sluice/schemas/generate

go 1.26
