#include "textflag.h"

// func places64(dst []uint64, c byte, b *byte)
//
// Every amd64 compares sixteen bytes at once and gathers a bit for each (SSE2); this is done four times for each word.
TEXT ·places64(SB), NOSPLIT, $0-40
	MOVQ       dst_base+0(FP), DI
	MOVQ       dst_len+8(FP), R8
	MOVBLZX    c+24(FP), AX
	MOVQ       b+32(FP), SI
	// X0 is c, sixteen times.
	MOVD       AX, X0
	PUNPCKLBW  X0, X0
	PSHUFLW    $0, X0, X0
	PUNPCKLQDQ X0, X0
	TESTQ      R8, R8
	JZ         done

word:
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
	MOVQ AX, (DI)

	ADDQ $64, SI
	ADDQ $8, DI
	DECQ R8
	JNZ  word

done:
	RET
