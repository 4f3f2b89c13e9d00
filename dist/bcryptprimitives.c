/* Rust's standard library asks this DLL of Windows for chance. Wine has it since 9.0; for older ones check.sh builds it. */

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE into, SIZE_T size) {
  while (size > 0) {
    ULONG part = size > 0x10000 ? 0x10000 : (ULONG)size;
    if (!RtlGenRandom(into, part)) return FALSE;
    into += part;
    size -= part;
  }
  return TRUE;
}
