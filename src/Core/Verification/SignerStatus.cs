using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Verification;

/// <summary>For whom a transaction was signed.</summary>
/// <param name="Department">The department.</param>
/// <param name="OfficerId">Its officer; null where its validator key signed.</param>
public sealed record SignerStatus(string Department, string? OfficerId)
{
    /// <summary>The officer's roles, and from when to when its key may sign, as the state said of it in the block that proves it; null where
    /// a validator key signed.</summary>
    public OfficerInterval? Interval { get; init; }

    /// <summary>
    /// What the entry of the signer's key says of a block's height and time; null where the key could not sign there.
    /// </summary>
    public static SignerStatus? At(OfficerKeyState entry, bool isProtocol, BlockHeader header)
    {
        if (isProtocol)
        {
            foreach (ValidatorInterval interval in entry.ValidatorIntervals)
            {
                if (Authority.Covers(interval, header.Height))
                    return new SignerStatus(interval.Department, null);
            }
            return null;
        }
        foreach (OfficerInterval interval in entry.Intervals)
        {
            if (Authority.Covers(interval, header.Height)
                && interval.ValidFromMs <= header.TimestampMs
                && (interval.ValidUntilMs == 0 || header.TimestampMs < interval.ValidUntilMs))
                return new SignerStatus(interval.Department, interval.OfficerId) { Interval = interval };
        }
        return null;
    }
}
