using GovChain.Node.Signatures;

namespace GovChain.Node.Benching;

/// <summary>What a load is made of.</summary>
/// <param name="Departments">How many nodes, each a process.</param>
/// <param name="Records">Measured registrations, shared out evenly over the departments.</param>
/// <param name="ContentBytes">A record's content.</param>
/// <param name="WarmUpRecords">Registrations before the clock starts, which make the processes compile their code.</param>
/// <param name="WindowRecords">Records under way at once, for each department.</param>
/// <param name="Seed">Chooses contents and the sample of receipts.</param>
/// <param name="Engine">What the nodes verify signatures with.</param>
internal sealed record LoadOptions(
    int Departments, int Records, int ContentBytes, int WarmUpRecords, int WindowRecords, int Seed, SignatureEngine Engine)
{
    /// <summary>The smallest content: a JSON object with a few random letters.</summary>
    public const int ContentBytesMin = 32;

    /// <summary>The largest: with names, key and signature an envelope stays below 65,535 bytes.</summary>
    public const int ContentBytesMax = 64_000;

    /// <summary>Envelopes are held in memory, signed ahead: a million of 512 bytes are 0.8 GB.</summary>
    public const int RecordsMax = 1_000_000;

    /// <summary>What a node takes of one stream without an answer.</summary>
    public const int WindowMax = 1_024;
}
