namespace GovChain.Node.Snapshots;

/// <summary>How far the fetching of a snapshot is.</summary>
/// <param name="Height">The snapshot's height.</param>
/// <param name="Pages">Pages of the state tree that are here.</param>
/// <param name="Rows">State values that are here.</param>
/// <param name="RowsExpected">How many there are; 0 while the pages are not all here.</param>
/// <param name="Blocks">Blocks above the base that are here.</param>
internal sealed record SnapshotProgress(ulong Height, ulong Pages, ulong Rows, ulong RowsExpected, ulong Blocks);
