using System.Globalization;

namespace GovChain.Tests.Faults;

/// <summary>What a run acknowledged as durable before it ended.</summary>
internal sealed class Acknowledged
{
    /// <summary>Said where the storage layer stopped and is about to be opened again.</summary>
    public const string Stop = "stopped";

    /// <summary>The newest block, or none.</summary>
    public ulong? Height { get; private set; }

    /// <summary>There was a journal.</summary>
    public bool Journal { get; private set; }

    /// <summary>The newest vote; 0: none.</summary>
    public ulong Vote { get; private set; }

    /// <summary>Votes below it may have been forgotten.</summary>
    public ulong PrunedBelow { get; private set; }

    /// <summary>A snapshot is complete, and to be put in place.</summary>
    public bool Snapshot { get; private set; }

    public void Add(string lines)
    {
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line == Stop)
                continue;
            string[] words = line.Split(' ');
            ulong value = ulong.Parse(words[1], CultureInfo.InvariantCulture);
            switch (words[0])
            {
                case "block": Height = value; break;
                case "journal": (Journal, Vote) = (true, Math.Max(Vote, value)); break;
                case "votes": Vote = value; break;
                case "assembly": break;
                case "snapshot": Snapshot = true; break;
                case "pruning": PrunedBelow = value; break;
                default: throw new InvalidDataException($"What does this acknowledge: {line}");
            }
        }
    }

    public override string ToString() => $"block {Height?.ToString(CultureInfo.InvariantCulture) ?? "none"}, "
        + $"journal {(Journal ? "yes" : "no")}, votes {PrunedBelow} to {Vote}";
}
