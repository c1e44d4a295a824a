#include "textflag.h"

// func places64(b *byte, c byte) uint64
//
// Every amd64 compares sixteen bytes at once and gathers a bit for each (SSE2); this is done four times.
TEXT ·places64(SB), NOSPLIT, $0-24
	MOVQ       b+0(FP), SI
	MOVBLZX    c+8(FP), AX
	// X0 is c, sixteen times.
	MOVD       AX, X0
	PUNPCKLBW  X0, X0
	PSHUFLW    $0, X0, X0
	PUNPCKLQDQ X0, X0

	MOVOU    0(SI), X1
	MOVOU    16(SI), X2
	MOVOU    32(SI), X3
	MOVOU    48(SI), X4
	PCMPEQB  X0, X1
	PCMPEQB  X0, X2
	PCMPEQB  X0, X3
	PCMPEQB  X0, X4
	PMOVMSKB X1, AX
	PMOVMSKB X2, BX
	PMOVMSKB X3, CX
	PMOVMSKB X4, DX

	SHLQ $16, BX
	SHLQ $32, CX
	SHLQ $48, DX
	ORQ  BX, AX
	ORQ  DX, CX
	ORQ  CX, AX
	MOVQ AX, ret+16(FP)
	RET
