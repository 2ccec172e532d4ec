namespace GovChain.Storage;

/// <summary>
/// What the vote journal needs of a directory: one file, and another that takes its place. The disk implements it, and
/// the simulator's disk, which forgets what was not synced.
/// </summary>
internal interface IJournalFiles
{
    /// <summary>Where the journal is, for messages.</summary>
    string Path { get; }

    /// <summary>Whether the journal's file is there.</summary>
    bool Exists { get; }

    /// <summary>Opens the journal's file for reading and writing.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    IJournalFile Open();

    /// <summary>Makes the file that is to take the journal's place, empty.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    IJournalFile CreateNext();

    /// <summary>Gives the next file the journal's name. Not durable before <see cref="SyncNames"/>.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    void RenameNext();

    /// <summary>Returns when created and renamed names are on the medium.</summary>
    /// <exception cref="IOException">The device refused.</exception>
    void SyncNames();
}

/// <summary>An open file. Nothing written is durable before <see cref="Sync"/>.</summary>
internal interface IJournalFile : IDisposable
{
    /// <summary>Its length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads from an offset; fewer bytes than asked for only at the end, where it gives 0.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    int Read(Span<byte> destination, long offset);

    /// <summary>Writes at an offset, and lengthens the file where it must.</summary>
    /// <exception cref="IOException">The system refused; any part may have been written.</exception>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Cuts the file off.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    void Truncate(long length);

    /// <summary>Returns when what was written is on the medium.</summary>
    /// <exception cref="IOException">The device refused: what was written since the last sync may be lost.</exception>
    void Sync();
}
