namespace GovChain.Core.Execution;

/// <summary>Where and when a protocol transaction is judged, and for which department it was signed.</summary>
/// <param name="Height">The block's height.</param>
/// <param name="TimeMs">The block's time.</param>
/// <param name="Position">The transaction's position in the log, if it is accepted.</param>
/// <param name="Department">The department whose validator key signed.</param>
internal readonly record struct ProtocolContext(ulong Height, ulong TimeMs, ulong Position, string Department);
