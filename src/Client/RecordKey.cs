namespace GovChain.Client;

/// <summary>The name of a record.</summary>
/// <param name="Type">Its type: 1 to 64 of a-z, 0-9 and -, beginning with a letter.</param>
/// <param name="Id">Its id within the type: 1 to 128 of A-Z, a-z, 0-9 and . _ : @ + ~ -.</param>
public sealed record RecordKey(string Type, string Id)
{
    /// <summary>type/id.</summary>
    public override string ToString() => $"{Type}/{Id}";
}

/// <summary>A record that another one refers to.</summary>
/// <param name="Record">The record.</param>
/// <param name="Version">The version that is meant, from 1 on; null: the record, whatever its version.</param>
public sealed record LinkedRecord(RecordKey Record, ulong? Version = null);
