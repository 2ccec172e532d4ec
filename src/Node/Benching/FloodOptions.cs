namespace GovChain.Node.Benching;

/// <summary>What a flood is made of.</summary>
/// <param name="Departments">How many nodes, each a process.</param>
/// <param name="Seconds">How long the measured department sends, alone and then under the flood.</param>
/// <param name="PerSecond">What it sends a second.</param>
/// <param name="FloodRecords">New records that the flood has; when they are through they are sent again.</param>
/// <param name="ContentBytes">A record's content.</param>
/// <param name="Seed">Chooses contents and the sample of receipts.</param>
internal sealed record FloodOptions(int Departments, int Seconds, int PerSecond, int FloodRecords, int ContentBytes, int Seed)
{
    /// <summary>Records before the clock starts, which make the processes compile their code; they are what the flood repeats and forges.</summary>
    public int WarmUpRecords => 2_000;

    /// <summary>What the measured department sends alone, and again under the flood.</summary>
    public int RecordsPerPhase => Seconds * PerSecond;
}
