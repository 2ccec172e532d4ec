using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>
/// The ledger's parameters: what they are unless departments decide otherwise, and within which bounds.
/// </summary>
public static class LedgerParameters
{
    private const ulong Second = 1_000;
    private const ulong Minute = 60 * Second;
    private const ulong Hour = 60 * Minute;

    /// <summary>A fresh message with the defaults of the protocol.</summary>
    public static Parameters CreateDefault() => new()
    {
        BlockBytesMax = 4 * 1024 * 1024,
        BlockTransactionsMax = 5_000,
        ExpiryHorizonMs = Hour,
        LeaderBlocksMax = 256,
        SuspensionHeights = 1_024,
        BaseTimeoutMs = Second,
        TimeoutCapMs = 30 * Second,
        TimePrecisionMs = Second / 2,
        MessageDelayMs = 5 * Second,
        ForwardTimeoutMs = 2 * Second,
        ComplaintTimeoutMs = 5 * Second,
    };

    /// <summary>
    /// The first parameter out of bounds, or null. A block must hold the largest envelope; a timeout's cap must not lie
    /// below the timeout; a complaint must come after the forwarding that it complains about.
    /// </summary>
    public static FieldViolation? Check(Parameters p) =>
        FieldRules.Number("block_bytes_max", p.BlockBytesMax, Limits.EnvelopeBytesMax, Limits.BlockBytesCeiling)
        ?? FieldRules.Number("block_transactions_max", p.BlockTransactionsMax, 1, Limits.BlockTransactionsCeiling)
        ?? FieldRules.Number("expiry_horizon_ms", p.ExpiryHorizonMs, Minute, 7 * 24 * Hour)
        ?? FieldRules.Number("leader_blocks_max", p.LeaderBlocksMax, 1, 1_000_000)
        ?? FieldRules.Number("suspension_heights", p.SuspensionHeights, 1, 1_000_000)
        ?? FieldRules.Number("base_timeout_ms", p.BaseTimeoutMs, 50, Minute)
        ?? FieldRules.Number("timeout_cap_ms", p.TimeoutCapMs, p.BaseTimeoutMs, Minute)
        ?? FieldRules.Number("time_precision_ms", p.TimePrecisionMs, 1, Minute)
        ?? FieldRules.Number("message_delay_ms", p.MessageDelayMs, 1, Minute)
        ?? FieldRules.Number("forward_timeout_ms", p.ForwardTimeoutMs, 1, 10 * Minute)
        ?? FieldRules.Number("complaint_timeout_ms", p.ComplaintTimeoutMs, p.ForwardTimeoutMs + 1, 20 * Minute);

    /// <summary>
    /// The first parameter that may not take the place of those before, or null: out of bounds, or a shorter horizon. A snapshot has
    /// the ids of one horizon's transactions; of those that were accepted under a longer one some could come again.
    /// </summary>
    public static FieldViolation? CheckSuccessors(Parameters before, Parameters after) => Check(after)
        ?? FieldRules.Require(
            after.ExpiryHorizonMs >= before.ExpiryHorizonMs,
            "expiry_horizon_ms", $"no less than it is, {before.ExpiryHorizonMs}", FieldRules.Invariant(after.ExpiryHorizonMs));

    /// <summary>SHA-256(parameters tag | the parameters' state value): what headers name.</summary>
    public static Digest Hash(ReadOnlySpan<byte> stateValue) => DomainTag.Hash(DomainTag.Parameters, stateValue);
}
