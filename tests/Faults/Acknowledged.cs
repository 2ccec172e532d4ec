using System.Globalization;

namespace GovChain.Tests.Faults;

/// <summary>What a run acknowledged as durable before it ended.</summary>
internal sealed class Acknowledged
{
    /// <summary>Said where the storage layer stopped and is about to be opened again.</summary>
    public const string Stop = "stopped";

    /// <summary>Said before a backup is put in the ledger's place, and when it is there.</summary>
    public const string Restoring = "restoring", Restored = "restored";

    /// <summary>The newest block, or none.</summary>
    public ulong? Height { get; private set; }

    /// <summary>The heights whose justification was kept.</summary>
    public List<ulong> Kept { get; } = [];

    /// <summary>A backup is being put in the ledger's place.</summary>
    public bool IsRestoring { get; private set; }

    /// <summary>It is there.</summary>
    public bool IsRestored { get; private set; }

    /// <summary>There was a journal.</summary>
    public bool Journal { get; private set; }

    /// <summary>The newest vote; 0: none.</summary>
    public ulong Vote { get; private set; }

    /// <summary>Votes below it may have been forgotten.</summary>
    public ulong PrunedBelow { get; private set; }

    /// <summary>A snapshot is complete, and to be put in place.</summary>
    public bool Snapshot { get; private set; }

    /// <summary>A clerk's key is written.</summary>
    public bool Key { get; private set; }

    /// <summary>An import knows what stood before it.</summary>
    public bool Base { get; private set; }

    /// <summary>Events of an import that may have been sent.</summary>
    public List<int> Attempts { get; } = [];

    public void Add(string lines)
    {
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            IsRestoring |= line == Restoring;
            IsRestored |= line == Restored;
            if (line is Stop or Restoring or Restored)
                continue;
            string[] words = line.Split(' ');
            ulong value = ulong.Parse(words[1], CultureInfo.InvariantCulture);
            switch (words[0])
            {
                case "block": Height = value; break;
                case "kept": Kept.Add(value); break;
                case "journal": (Journal, Vote) = (true, Math.Max(Vote, value)); break;
                case "votes": Vote = value; break;
                case "assembly": break;
                case "snapshot": Snapshot = true; break;
                case "key": Key = true; break;
                case "base": Base = true; break;
                case "attempt": Attempts.Add((int)value); break;
                case "pruning": PrunedBelow = value; break;
                default: throw new InvalidDataException($"What does this acknowledge: {line}");
            }
        }
    }

    public override string ToString() => $"block {Height?.ToString(CultureInfo.InvariantCulture) ?? "none"}, "
        + $"journal {(Journal ? "yes" : "no")}, votes {PrunedBelow} to {Vote}";
}
